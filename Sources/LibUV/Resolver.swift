import CLibUV
import Glibc
package import NetworkAddress

/// Looks names up as the system does (hosts file, DNS), on libuv's thread pool.
package enum Resolver {
    /// A failed look-up, in the system's words.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Addresses kept of one answer.
    package static let maximumAddresses = 64

    /// The addresses of `name`, in the system's order of preference, each once; at least one.
    package static func addresses(of name: String, loop: EventLoop) async throws(Failure) -> [IPAddress] {
        let result: Result<[IPAddress], UVError> = await withCheckedContinuation { continuation in
            loop.checkThread()
            ResolveRequest.start(name, loop: loop) { continuation.resume(returning: $0) }
        }
        switch result {
        case .success(let addresses) where !addresses.isEmpty: return addresses
        case .success: throw Failure(description: "it has no IPv4 or IPv6 address")
        case .failure(let error): throw Failure(description: error.description)
        }
    }
}

/// A look-up under way: owns itself until libuv has answered.
@safe private final class ResolveRequest {
    private let memory: UnsafeMutablePointer<uv_getaddrinfo_t>
    /// Held, because libuv's thread pool writes to it when it is done, and no handle keeps it meanwhile.
    private let loop: EventLoop
    private let completion: (Result<[IPAddress], UVError>) -> Void

    private init(loop: EventLoop, _ completion: @escaping (Result<[IPAddress], UVError>) -> Void) {
        self.loop = loop
        self.completion = completion
        // Safe: freed by `deinit`, which comes after `take`.
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    deinit {
        unsafe memory.deallocate()
    }

    static func start(_ name: String, loop: EventLoop, completion: @escaping (Result<[IPAddress], UVError>) -> Void) {
        let request = ResolveRequest(loop: loop, completion)
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let callback: uv_getaddrinfo_cb = { request, status, answer in
            guard let request = unsafe request, let loop = unsafe EventLoop.of(request.pointee.loop) else { return }
            let addresses = unsafe ResolveRequest.collect(answer)
            unsafe uv_freeaddrinfo(answer)
            let result = status < 0 ? Result.failure(UVError(code: status)) : .success(addresses)
            unsafe ResolveRequest.take(request).completion(result)
            loop.finishCallback()
        }
        let result = unsafe uv_getaddrinfo(loop.raw, request.memory, callback, name, nil, &hints)
        if result < 0 { unsafe take(request.memory).completion(.failure(UVError(code: result))) }
    }

    /// Balances the retain of `init`; called once for each request.
    private static func take(_ memory: UnsafeMutablePointer<uv_getaddrinfo_t>) -> ResolveRequest {
        unsafe Unmanaged<ResolveRequest>.fromOpaque(memory.pointee.data).takeRetainedValue()
    }

    private static func collect(_ answer: UnsafeMutablePointer<addrinfo>?) -> [IPAddress] {
        var addresses: [IPAddress] = []
        var next = unsafe answer
        // Safe: getaddrinfo's list is linked until nil, and each entry's address has the family's size.
        while let entry = unsafe next, addresses.count < Resolver.maximumAddresses {
            if let raw = unsafe entry.pointee.ai_addr, let address = unsafe SocketAddress(raw)?.ip,
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
