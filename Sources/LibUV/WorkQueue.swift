/// What is done at the end of a callback.
enum Work {
    case job(UnownedJob)
    case resumption(any Resumable)
}

/// Work in the order in which it became ready.
///
/// A ring of plain memory, which keeps the size that it once had: each piece is moved in and out, where an array would retain
/// it on its way, and check each time that nobody else is at the array.
@safe final class WorkQueue {
    // Safe: freed by `deinit` alone; the `count` pieces from `first` on are initialised, no others.
    private var ring = UnsafeMutableBufferPointer<Work>.allocate(capacity: 64)
    private var first = 0
    private(set) var count = 0

    deinit {
        for index in 0..<count { unsafe ring.deinitializeElement(at: place(index)) }
        unsafe ring.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    func append(_ work: consuming Work) {
        if unsafe count == ring.count { grow() }
        unsafe ring.initializeElement(at: place(count), to: work)
        count += 1
    }

    func takeFirst() -> Work? {
        guard count > 0 else { return nil }
        let work = unsafe ring.moveElement(from: first)
        first = place(1)
        count -= 1
        return work
    }

    /// Where the piece stands that has `index` others before it; the size of the ring is a power of two.
    private func place(_ index: Int) -> Int { unsafe (first + index) & (ring.count - 1) }

    private func grow() {
        let larger = unsafe UnsafeMutableBufferPointer<Work>.allocate(capacity: 2 * ring.count)
        for index in 0..<count { unsafe larger.initializeElement(at: index, to: ring.moveElement(from: place(index))) }
        unsafe ring.deallocate()
        unsafe ring = larger
        first = 0
    }
}
