import HeraldConfiguration
import Testing

@Suite struct YAMLFrontendProblemTests {
    /// One mistake in the frontend gives exactly this line. The frontend's text begins at line 4, column 5.
    @Test(arguments: [
        ("bind: []", "4:11: error: an empty list for 'bind'; expected an address, or a list of binds"),
        ("bind:", "4:10: error: nothing for 'bind'; expected an address, or a list of binds"),
        (
            "bnd: \":80\"",
            "4:5: error: unknown key 'bnd' in a frontend; expected bind, default-backend, maxconn or timeouts; did you mean 'bind'?"
        ),
        ("maxconn: 5", "2:3: error: frontend 'web' has no bind; expected at least one address to listen on"),
        (
            "bind: 80",
            "4:11: error: '80' has no address before its port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80; did you mean ':80'?"
        ),
        ("bind: \":http\"", "4:11: error: 'http' is not a port; expected a number from 1 to 65535"),
        ("bind: \":65536\"", "4:11: error: '65536' is not a port; expected a number from 1 to 65535"),
        ("bind: \":080\"", "4:11: error: '080' is not a port; expected a number from 1 to 65535"),
        (
            "bind: 10.0.0.1",
            "4:11: error: '10.0.0.1' has no port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: \"[::1]\"",
            "4:11: error: '[::1]' has no port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: \"10.0.0.1:\"",
            "4:11: error: '10.0.0.1:' has no port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        ("bind: 2001:db8::1", "4:11: error: '2001:db8::1' has no port; expected [ADDRESS]:PORT"),
        (
            "bind: 10.0.0.256:80",
            "4:11: error: '10.0.0.256' is not an IPv4 address; expected four numbers from 0 to 255, such as 192.0.2.1"
        ),
        ("bind: \"[::g]:80\"", "4:11: error: '::g' is not an IPv6 address; expected an address such as [2001:db8::1]"),
        (
            "bind: \"[10.0.0.1]:80\"",
            "4:11: error: '[10.0.0.1]:80' has an IPv4 address in brackets; expected brackets around IPv6 addresses only; did you mean '10.0.0.1:80'?"
        ),
        (
            "bind: \"[fe80::1%eth0]:80\"",
            "4:11: error: '[fe80::1%eth0]:80' has a zone, which Herald does not support; expected an address without '%'"
        ),
        (
            "bind: localhost:80",
            "4:11: error: 'localhost' is not an IP address; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80 (a bind takes no host names)"
        ),
        (
            "bind: /run/herald.sock",
            "4:11: error: '/run/herald.sock' is a UNIX socket, which Herald does not support; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: unix@/run/x:80",
            "4:11: error: address kind 'unix@', which Herald does not support; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: ipv5@10.0.0.1:80",
            "4:11: error: address kind 'ipv5@', which is unknown; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: ipv6@10.0.0.1:80",
            "4:11: error: 'ipv6@10.0.0.1:80' is of the other address family; expected an address of ipv6"
        ),
        (
            "bind: 10.0.0.0/8:80",
            "4:11: error: '10.0.0.0/8:80' is a network or a URL; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: \":80-90\"",
            "4:11: error: ':80-90' is a range of ports, which Herald does not support; expected one port"
        ),
        (
            "bind: \":80 v4v6\"",
            "4:11: error: 'v4v6' after ':80'; expected 'v4v6' only after [::]; did you mean '[::]:80 v4v6'?"
        ),
        ("bind: \"[::1]:80 v4v6\"", "4:11: error: 'v4v6' after '[::1]:80'; expected 'v4v6' only after [::]"),
        (
            "bind: \"[::]:80 v4v5\"",
            "4:11: error: 'v4v5' after the address; expected v4v6 or v6only, or nothing; did you mean 'v4v6'?"
        ),
        (
            "bind: \"[::]:80 v4v6 v6only\"",
            "4:11: error: 'v4v6 v6only' after the address; expected v4v6 or v6only, or nothing; did you mean 'v4v6'?"
        ),
        (
            "bind: [\":80\", [\":81\"]]",
            "4:19: error: a list for 'bind'; expected an address with its port, such as \":80\""
        ),
        (
            "bind: { accept-proxy: false }",
            "4:11: error: a bind without 'address'; expected address: \":80\", for example"
        ),
        (
            "bind: { addr: \":80\" }",
            "4:13: error: unknown key 'addr' in a bind; expected address, accept-proxy or defer-accept; did you mean 'address'?"
        ),
        (
            "bind: [\":80\", \":80\"]",
            "4:19: error: '0.0.0.0:80' is bound already, on line 4; expected another address or port"
        ),
        (
            "bind: { address: \":80\", accept-proxy: yes }",
            "4:43: error: 'yes' for 'accept-proxy'; expected true or false, without quotes; did you mean 'true'?"
        ),
        (
            "bind: { address: \":80\", accept-proxy: \"true\" }",
            "4:43: error: 'true' for 'accept-proxy'; expected true or false, without quotes; did you mean 'true'?"
        ),
        (
            "bind: { address: \":80\", accept-proxy: [] }",
            "4:43: error: an empty list for 'accept-proxy'; expected true or false"
        ),
        (
            "bind: \":80\"\n    maxconn: 0",
            "5:14: error: '0' for 'maxconn' is out of range; expected a whole number from 1 to 100000000"
        ),
        (
            "bind: \":80\"\n    maxconn: 1e3",
            "5:14: error: '1e3' for 'maxconn'; expected a whole number from 1 to 100000000"
        ),
        (
            "bind: \":80\"\n    maxconn: 010",
            "5:14: error: '010' for 'maxconn'; expected a whole number from 1 to 100000000, without leading zeros"
        ),
        (
            "bind: \":80\"\n    maxconn: \"10\"",
            "5:14: error: '10' for 'maxconn'; expected a whole number from 1 to 100000000, without quotes"
        ),
        (
            "bind: \":80\"\n    maxconn: 99999999999999999999",
            "5:14: error: '99999999999999999999' for 'maxconn' is out of range; expected a whole number from 1 to 100000000"
        ),
        (
            "bind: \":80\"\n    timeouts: 5s",
            "5:15: error: '5s' for 'timeouts'; expected a mapping with the keys of a frontend's timeouts"
        ),
        (
            "bind: \":80\"\n    timeouts: { server: 5s }",
            "5:17: error: unknown key 'server' in a frontend's timeouts; expected client or client-fin"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 0 }",
            "5:25: error: '0' for 'client'; expected a duration of 1ms or more; did you mean 'never'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: forever }",
            "5:25: error: 'forever' for 'client'; expected a duration, such as 5s, or never; did you mean 'never'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 1.5s }",
            "5:25: error: '1.5s' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: -5s }",
            "5:25: error: '-5s' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 5 minutes }",
            "5:25: error: '5 minutes' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d; did you mean '5m'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 5S }",
            "5:25: error: '5S' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d; did you mean '5s'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 25d }",
            "5:25: error: '25d' is too long a duration; expected at most 24d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 99999999999999999999d }",
            "5:25: error: '99999999999999999999d' is too long a duration; expected at most 24d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: }",
            "5:25: error: nothing for 'client'; expected a duration, such as 5s"
        ),
    ])
    func frontend(text: String, expected: String) {
        #expect(errors(yamlFile(frontend: text), "f.yaml") == [expected])
    }

    @Test(arguments: [
        ("from: []", "4:50: error: an empty list for 'from'; expected a list of networks, such as [10.0.0.0/8]"),
        (
            "from: [10.0.0.0/33]",
            "4:51: error: '10.0.0.0/33' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"
        ),
        (
            "from: [10.0.0.0/255.0.255.0]",
            "4:51: error: '10.0.0.0/255.0.255.0' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"
        ),
        ("from: [all]", "4:51: error: 'all' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"),
        (
            "from: [10.0.0.0/8], otherwise: rejct",
            "4:75: error: 'rejct' for 'otherwise'; expected reject, pass or ignore; did you mean 'reject'?"
        ),
        ("otherwise: pass", "4:55: error: 'otherwise' without 'from'; expected 'from' beside it"),
        ("from: [10.0.0.0/8], versions: [v1, v3]", "4:79: error: 'v3' for 'versions'; expected v1 or v2"),
        ("from: [10.0.0.0/8], versions: []", "4:74: error: an empty list for 'versions'; expected v1, v2, or both"),
        (
            "from: [10.0.0.0/8], timeout: never",
            "4:73: error: 'never' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        ("from: [10.0.0.0/8], timeout: 0", "4:73: error: '0' for 'timeout'; expected a duration of 1ms or more"),
        (
            "from: [10.0.0.0/8], max-header-bytes: 106",
            "4:82: error: '106' for 'max-header-bytes' is out of range; expected a whole number from 107 to 65551"
        ),
        (
            "form: [10.0.0.0/8]",
            "4:44: error: unknown key 'form' in accept-proxy; expected from, otherwise, versions, timeout or max-header-bytes; did you mean 'from'?"
        ),
    ])
    func acceptProxy(text: String, expected: String) {
        let bind = "bind: { address: \":8\", accept-proxy: { \(text) } }"
        #expect(errors(yamlFile(frontend: bind), "f.yaml") == [expected])
    }
}
