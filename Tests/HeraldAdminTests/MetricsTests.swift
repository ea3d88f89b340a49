import HeraldAdmin
import HeraldCore
import LibUV
import Testing

/// What `/metrics` says.
@Suite struct MetricsTests {
    @Test(arguments: MadeUp.allCases) func promtoolFindsNothing(madeUp: MadeUp) async throws {
        let answer = try await metrics(madeUp.status)
        #expect(answer.status == .ok)
        #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
        let verdict = try Judge.verdict(of: ["promtool", "check", "metrics"], on: answer.body.bytes)
        #expect(verdict.code == 0 && verdict.words.isEmpty, "\(verdict.words)")
    }

    @Test func promtoolWouldFindAMistake() async throws {
        let answer = try await metrics(.full())
        let broken = answer.text.replacing("# TYPE herald_ready gauge\n", with: "# TYPE herald_ready counter\n")
        let verdict = try Judge.verdict(of: ["promtool", "check", "metrics"], on: Array(broken.utf8))
        #expect(verdict.code != 0)
        #expect(verdict.words.contains("herald_ready"))
    }

    @Test(arguments: [
        #"herald_build_info{version="1.2.3"} 1"#,
        "herald_uptime_seconds 123.456789",
        #"herald_phase{phase="running"} 1"#,
        #"herald_phase{phase="draining"} 0"#,
        "herald_ready 0",
        "herald_sessions_current 7",
        "herald_sessions_limit 20000",
        "herald_sessions_total 18446744073709551615",
        "herald_log_dropped_lines_total 5",
        "herald_config_generation 3",
        "herald_config_reload_failures_total 2",
        "herald_config_last_reload_successful 0",
        "herald_config_last_reload_success_timestamp_seconds 1795427000.5",
        "process_start_time_seconds 1795427000",
        "process_cpu_seconds_total 1.5",
        "process_resident_memory_bytes 12345678",
        "process_open_fds 40",
        "process_max_fds 1024",
        #"herald_loop_sessions_current{loop="1"} 1"#,
        #"herald_frontend_sessions_total{frontend="web"} 1000"#,
        #"herald_frontend_sessions_limit{frontend="web"} 1000"#,
        #"herald_frontend_relayed_bytes_total{frontend="web",direction="from_server"} 456789"#,
        #"herald_frontend_headers_total{frontend="web",version="v1"} 3"#,
        #"herald_frontend_headers_total{frontend="web",version="v1-unknown"} 4"#,
        #"herald_frontend_headers_total{frontend="web",version="v2"} 5"#,
        #"herald_frontend_headers_total{frontend="web",version="v2-local"} 6"#,
        #"herald_frontend_headers_total{frontend="web",version="v2-unknown"} 7"#,
        #"herald_frontend_header_errors_total{frontend="web",error="header-malformed",reason="tls"} 13"#,
        #"herald_frontend_header_errors_total{frontend="web",error="header-timeout",reason=""} 15"#,
        #"herald_frontend_session_ends_total{frontend="web",end="connect-failed",reason="refused"} 14"#,
        #"herald_frontend_session_ends_total{frontend="web",end="completed",reason=""} 900"#,
        #"herald_frontend_header_duration_seconds_bucket{frontend="web",le="0.0005"} 1"#,
        #"herald_frontend_header_duration_seconds_bucket{frontend="web",le="0.005"} 3"#,
        #"herald_frontend_header_duration_seconds_bucket{frontend="web",le="10"} 3"#,
        #"herald_frontend_header_duration_seconds_bucket{frontend="web",le="+Inf"} 4"#,
        #"herald_frontend_header_duration_seconds_sum{frontend="web"} 60.0062"#,
        #"herald_frontend_header_duration_seconds_count{frontend="web"} 4"#,
        #"herald_frontend_sessions_current{frontend="a \"b\"\\c\nd"} 4"#,
        #"herald_backend_queue_length{backend="none"} 0"#,
        #"herald_backend_queue_limit{backend="b\"1\\\n"} 100"#,
        #"herald_backend_servers{backend="b\"1\\\n",state="down"} 2"#,
        #"herald_server_info{backend="b\"1\\\n",server="s2",address="10.0.0.2:3000",backup="false"} 1"#,
        #"herald_server_state{backend="b\"1\\\n",server="s2",state="down"} 1"#,
        #"herald_server_state{backend="b\"1\\\n",server="s2",state="up"} 0"#,
        #"herald_server_weight{backend="b\"1\\\n",server="s3"} 3"#,
        #"herald_server_sessions_limit{backend="b\"1\\\n",server="s3"} 500"#,
        #"herald_server_relayed_bytes_total{backend="b\"1\\\n",server="s3",direction="from_server"} 3000000000"#,
        #"herald_server_connect_failures_total{backend="b\"1\\\n",server="s3"} 3"#,
        #"herald_server_checks_total{backend="b\"1\\\n",server="s4",result="passed"} 10"#,
        #"herald_server_checks_total{backend="b\"1\\\n",server="s4",result="timeout"} 4"#,
    ])
    func eachFactHasItsLine(line: String) async throws {
        let lines = try await metrics(.full()).text.split(separator: "\n")
        #expect(lines.contains { $0 == line })
    }

    @Test(arguments: [
        #"herald_frontend_sessions_limit{frontend="quiet"}"#, #"herald_frontend_headers_total{frontend="quiet""#,
        #"herald_frontend_header_duration_seconds_count{frontend="quiet"}"#,
        #"herald_backend_queue_limit{backend="none"}"#,
        #"herald_server_info{backend="b\"1\\\n",server="s1","#,
        #"herald_server_checks_total{backend="b\"1\\\n",server="s5","#, "203.0.113.77",
    ])
    func whatIsNotThereOrWouldHaveNoBoundIsNotTold(text: String) async throws {
        #expect(try await !metrics(.full()).text.contains(text))
    }

    @Test func aFamilyStandsInOnePlaceAndASeriesOnce() async throws {
        let lines = try await metrics(.full(serverCount: 100)).text.split(separator: "\n")
        let families = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(Set(families).count == families.count)
        let series = lines.filter { !$0.hasPrefix("#") }.map { $0.prefix(upTo: $0.lastIndex(of: " ") ?? $0.endIndex) }
        #expect(Set(series).count == series.count)
        var family = Substring()
        for line in lines {
            if line.hasPrefix("# TYPE ") { family = line.split(separator: " ")[2] }
            if !line.hasPrefix("#") { #expect(line.hasPrefix(family)) }
        }
    }

    /// Thousands of servers do not keep the loop from its sessions.
    @Test func theLoopHasItsTurnsMeanwhile() async throws {
        try await withLoop { loop in
            let page = MetricsPage(MadeUpSource(status: .full(serverCount: 5000)), loop: loop)
            var turns = 0
            let timer = Timer(loop: loop)
            timer.start(after: .zero, repeating: .milliseconds(1)) { turns += 1 }
            let answer = await page.answer()
            #expect(turns >= 5)
            #expect(answer.body.bytes.count > 5_000_000)
            timer.close()
            await page.close()
        }
    }

    private func metrics(_ status: ProxyStatus) async throws -> AdminAnswer {
        try await withLoop { loop in await MetricsPage(MadeUpSource(status: status), loop: loop).answer() }
    }
}
