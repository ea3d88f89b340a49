-- For wrk: tells what it counted as one line of JSON; with the argument `v2`, each request comes behind a PROXY header.

-- Version 2, PROXY, TCP over IPv4: 192.0.2.1:56324 to 198.51.100.7:443.
local header = "\r\n\r\n\0\r\nQUIT\n\33\17\0\12\192\0\2\1\198\51\100\7\220\4\1\187"
local plain, announced
local isFirst = true

function init(arguments)
  plain = wrk.format()
  announced = (arguments[1] == "v2" and header or "") .. plain
end

function request()
  -- wrk itself asks for the first one, to see that it is HTTP.
  if isFirst then
    isFirst = false
    return plain
  end
  return announced
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answered": %d, "microseconds": %d, "p50": %d, "p99": %d, "p99.9": %d, "errors": %d}\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
