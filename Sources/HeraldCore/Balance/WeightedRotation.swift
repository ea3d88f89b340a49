/// The order in which servers have their turns, each as often as its weight says, spread evenly.
///
/// Immutable: the turn comes from a counter that all loops share, so that a pick is one atomic add elsewhere and a
/// computation here, and no loop waits for another. In every run of as many turns as the weights (divided by their
/// greatest common divisor) add up to, each server is chosen exactly its weight times. A pick allocates nothing and
/// takes O(1), or O(log servers) where the weights differ and add up to more than a table holds.
package struct WeightedRotation: Sendable {
    /// Servers that take sessions at all, as indices into the weights, in their order.
    private let takers: [Int]
    private let order: Order

    /// How a turn becomes an index into `takers`.
    private enum Order: Sendable {
        /// Equal weights: in the order of the file.
        case inTurn
        /// Few positions: the taker of each turn of a round.
        case table([Int])
        /// Many positions: turn `t` of a round has position `t * stride` modulo the end of the last taker, and taker `i`
        /// owns the positions below `ends[i]` that no earlier one owns.
        case stride(UInt64, ends: [UInt64])
    }

    /// Rounds of at most this many turns are laid out in a table, of 8 bytes a turn.
    private static let maximumTableTurns = 1024

    /// Takes each server's share of sessions; a server of weight 0 is never chosen.
    ///
    /// Precondition: no weight is negative, and all together stay below 2^32 (100,000 servers of weight 256 do).
    package init(weights: [Int]) {
        precondition(weights.allSatisfy { $0 >= 0 })
        takers = weights.indices.filter { weights[$0] > 0 }
        let divisor = weights.reduce(UInt64(0)) { WeightedRotation.greatestCommonDivisor($0, UInt64($1)) }
        var end: UInt64 = 0
        let ends = takers.map { taker in
            end += UInt64(weights[taker]) / divisor
            return end
        }
        precondition(end <= UInt32.max, "the weights add up to too much")
        if end == takers.count {
            order = .inTurn
        } else if end <= WeightedRotation.maximumTableTurns {
            order = .table(WeightedRotation.table(ends: ends))
        } else {
            order = .stride(WeightedRotation.stride(positions: end), ends: ends)
        }
    }

    /// Whether no server takes sessions.
    package var isEmpty: Bool { takers.isEmpty }

    /// The server whose turn it is, as an index into the weights; nil where none takes sessions.
    package func pick(turn: UInt64) -> Int? {
        takers.isEmpty ? nil : takers[taker(at: turn)]
    }

    /// The server of a turn, or where it has no room, the next one in the order of the file that has; nil where none has.
    ///
    /// Shares may be younger than the rotation: a server that has just come up is found all the same.
    ///
    /// - Parameter excluded: as in `BalanceAlgorithm.pick`.
    func pick(turn: UInt64, on board: ServerBoard, excluding excluded: [Int]) -> Int? {
        let index = pick(turn: turn) ?? 0
        if index < board.slots.count && board.isAvailable(index) && !excluded.contains(index) { return index }
        return board.available(from: min(index + 1, board.slots.count), excluding: excluded)
    }

    /// Precondition: there are takers.
    private func taker(at turn: UInt64) -> Int {
        switch order {
        case .inTurn:
            return Int(turn % UInt64(takers.count))
        case .table(let table):
            return table[Int(turn % UInt64(table.count))]
        case .stride(let stride, let ends):
            // Both factors are below 2^32.
            let positions = ends[ends.count - 1]
            let position = turn % positions * stride % positions
            return WeightedRotation.firstIndex(in: ends, above: position)
        }
    }

    private static func firstIndex(in ends: [UInt64], above position: UInt64) -> Int {
        var low = 0
        var high = ends.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > position { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

// MARK: - The order of turns

// Turns walk over the positions as multiples of the golden ratio walk over a circle: no other step keeps every stretch
// of turns so evenly spread over every stretch of positions, and so over every server, whatever its weight.
extension WeightedRotation {
    /// The taker of each turn of a round: the turns' multiples of the golden ratio, ranked, are their positions.
    private static func table(ends: [UInt64]) -> [Int] {
        let turns = Int(ends[ends.count - 1])
        // 2^64 divided by the golden ratio, odd: the products modulo 2^64 all differ.
        let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
        let turnsByPosition = (0..<turns).sorted { UInt64($0) &* golden < UInt64($1) &* golden }
        var table = [Int](repeating: 0, count: turns)
        for (position, turn) in turnsByPosition.enumerated() {
            table[turn] = firstIndex(in: ends, above: UInt64(position))
        }
        return table
    }

    /// The step over `positions` that comes closest to the golden ratio: without a common divisor, so that a round meets
    /// every position, and with the smallest partial quotients of its continued fraction, which bound the clumps.
    ///
    /// In a sample of 1,500 totals up to a million the worst quotient was 7; of the first candidate alone, 783.
    private static func stride(positions: UInt64) -> UInt64 {
        let target = UInt64(Double(positions) * 0.618_033_988_749_895)
        var best: (stride: UInt64, quotient: UInt64) = (1, .max)
        var candidates = 0
        var distance: UInt64 = 0
        while candidates < 32 && distance < target {
            for stride in [target - distance, target + distance + 1]
            where stride < positions && greatestCommonDivisor(stride, positions) == 1 {
                candidates += 1
                let quotient = largestPartialQuotient(stride, positions)
                if quotient < best.quotient { best = (stride, quotient) }
            }
            distance += 1
        }
        return best.stride
    }

    private static func largestPartialQuotient(_ numerator: UInt64, _ denominator: UInt64) -> UInt64 {
        var (divisor, dividend) = (numerator, denominator)
        var largest: UInt64 = 0
        while divisor > 0 {
            largest = max(largest, dividend / divisor)
            (divisor, dividend) = (dividend % divisor, divisor)
        }
        return largest
    }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (left, right) = (left, right)
        while right > 0 { (left, right) = (right, left % right) }
        return left
    }
}
