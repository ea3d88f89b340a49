import HeraldCore
import Testing

@Suite struct CPUQuotaTests {
    private func quota(_ files: [String: String]) -> Int? {
        CPUQuota.ofThisProcess { files[$0] }
    }

    @Test(
        arguments: [
            ("200000 100000\n", 2), ("150000 100000\n", 2), ("100000 100000\n", 1), ("1000 100000\n", 1),
            ("100001 100000\n", 2), ("50000 50000", 1), ("6400000 100000\n", 64), ("max 100000\n", nil),
        ] as [(String, Int?)]
    )
    func aContainersQuotaIsInWholeProcessors(text: String, processors: Int?) {
        // As a container sees it: its own group is the root.
        #expect(quota(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text]) == processors)
        #expect(quota(["/sys/fs/cgroup/cpu.max": text]) == processors)
    }

    @Test func withoutAnyFileThereIsNoQuota() {
        #expect(quota([:]) == nil)
        #expect(quota(["/proc/self/cgroup": "0::/\n"]) == nil)
    }

    @Test func theTightestGroupAboveCounts() {
        var files = [
            "/proc/self/cgroup": "0::/kubepods/pod1/container\n",
            "/sys/fs/cgroup/kubepods/pod1/container/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/kubepods/pod1/cpu.max": "250000 100000\n",
            "/sys/fs/cgroup/kubepods/cpu.max": "800000 100000\n",
        ]
        #expect(quota(files) == 3)
        files["/sys/fs/cgroup/kubepods/pod1/container/cpu.max"] = "100000 100000\n"
        #expect(quota(files) == 1)
        files["/sys/fs/cgroup/cpu.max"] = "50000 100000\n"
        files["/sys/fs/cgroup/kubepods/pod1/container/cpu.max"] = nil
        #expect(quota(files) == 1)
    }

    @Test(
        arguments: [("200000\n", "100000\n", 2), ("-1\n", "100000\n", nil), ("10000\n", "100000\n", 1)]
            as [(String, String, Int?)]
    )
    func version1HasTwoFiles(quotaText: String, periodText: String, processors: Int?) {
        let files = [
            "/proc/self/cgroup": "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
            "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": quotaText,
            "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": periodText,
        ]
        #expect(quota(files) == processors)
        // In the container itself the path of the host does not exist, and the root is the container's own.
        let inside = [
            "/proc/self/cgroup": "12:memory:/docker/abc\n4:cpuacct,cpu:/docker/abc\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": quotaText,
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": periodText,
        ]
        #expect(quota(inside) == processors)
    }

    @Test func onAHybridHostTheControllerIsWithVersion1() {
        let files = [
            "/proc/self/cgroup": "4:cpu:/app\n0::/app\n",
            "/sys/fs/cgroup/cpu/app/cpu.cfs_quota_us": "300000\n",
            "/sys/fs/cgroup/cpu/app/cpu.cfs_period_us": "100000\n",
        ]
        #expect(quota(files) == 3)
    }

    @Test(arguments: [
        "", "\n", "100000", "100000 ", " 100000", "100000 0", "0 100000", "-5 100000", "100000 -1", "x y", "1 2 3",
        "1e5 100000", "99999999999999999999 100000", "max", "\u{0}\u{0}",
    ])
    func garbageIsNoQuota(text: String) {
        #expect(quota(["/sys/fs/cgroup/cpu.max": text]) == nil)
        let legacy = [
            "/proc/self/cgroup": "4:cpu:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": text,
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": text,
        ]
        // The same number twice is one processor.
        #expect(quota(legacy) ?? 1 == 1)
    }

    @Test func theLargestNumbersAreNoTrap() {
        #expect(quota(["/sys/fs/cgroup/cpu.max": "\(Int.max) 1"]) == Int.max)
        #expect(quota(["/sys/fs/cgroup/cpu.max": "\(Int.max) \(Int.max)"]) == 1)
        #expect(quota(["/sys/fs/cgroup/cpu.max": "1 \(Int.max)"]) == 1)
    }

    @Test(arguments: ["", "\n\n", "::", "0:", "0::", "x", "0::relative", ":::::", "0::/a:b\n"])
    func aStrangeListOfGroupsIsNoTrap(groups: String) {
        #expect(quota(["/proc/self/cgroup": groups]) == nil)
        #expect(
            quota(["/proc/self/cgroup": groups, "/sys/fs/cgroup/a:b/cpu.max": "1 1"])
                == (groups.contains("a:b") ? 1 : nil)
        )
    }
}
