import HeraldCore
import LibUV

/// How many threads are worth having here.
package enum Parallelism {
    /// As many as the processors that this process may use, or as the CPU quota of its container comes to, rounded up:
    /// more would be throttled together.
    package static var threads: Int {
        let processors = SystemInformation.availableParallelism
        guard let quota = CPUQuota.ofThisProcess(read: SystemInformation.smallFile) else { return processors }
        return max(1, min(processors, quota))
    }
}
