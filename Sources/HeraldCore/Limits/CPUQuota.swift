/// The CPU time that a container may use, as cgroups tell it.
package enum CPUQuota {
    /// Whole processors that the quota comes to, rounded up, at least 1; nil where there is none.
    ///
    /// - Parameter read: the text of a file; nil where there is no such file.
    package static func ofThisProcess(read: (String) -> String?) -> Int? {
        unified(read) ?? legacy(read)
    }

    /// cgroup v2: `cpu.max` holds `QUOTA PERIOD` or `max PERIOD`. A container sees its own at the root; elsewhere the
    /// groups above count, too, and the tightest one is in force.
    private static func unified(_ read: (String) -> String?) -> Int? {
        let group = path(read, controller: "")
        return ancestors(of: group).compactMap { group -> Int? in
            let fields = read("/sys/fs/cgroup\(group)/cpu.max")?.split(whereSeparator: \.isWhitespace) ?? []
            guard fields.count == 2, let quota = Int(fields[0]), let period = Int(fields[1]) else { return nil }
            return processors(quota: quota, period: period)
        }.min()
    }

    /// cgroup v1: `cpu.cfs_quota_us` is -1 where there is no quota.
    private static func legacy(_ read: (String) -> String?) -> Int? {
        let group = path(read, controller: "cpu")
        return ancestors(of: group).compactMap { group -> Int? in
            let folder = "/sys/fs/cgroup/cpu\(group)"
            guard let quota = number(read("\(folder)/cpu.cfs_quota_us")),
                let period = number(read("\(folder)/cpu.cfs_period_us"))
            else { return nil }
            return processors(quota: quota, period: period)
        }.min()
    }

    /// The group of this process in the hierarchy of `controller`, empty for that of cgroup v2: lines are
    /// `ID:CONTROLLERS:PATH`.
    private static func path(_ read: (String) -> String?, controller: String) -> String {
        for line in read("/proc/self/cgroup")?.split(separator: "\n") ?? [] {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1] == controller || fields[1].split(separator: ",").contains(Substring(controller)) {
                return fields[2] == "/" ? "" : String(fields[2])
            }
        }
        return ""
    }

    /// The group, those above it, and the root, as paths without a slash at the end.
    private static func ancestors(of group: String) -> [String] {
        var all = [group]
        var rest = group[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            all.append(String(rest))
        }
        return all
    }

    private static func number(_ text: String?) -> Int? {
        text.flatMap { Int($0.prefix { !$0.isWhitespace }) }
    }

    private static func processors(quota: Int, period: Int) -> Int? {
        quota > 0 && period > 0 ? (quota - 1) / period + 1 : nil
    }
}
