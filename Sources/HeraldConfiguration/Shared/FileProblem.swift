internal import FoundationEssentials

#if canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Why a file can't be read, in the operating system's words.
enum FileProblem {
    static func reason(_ error: any Error) -> String {
        guard let code = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return switch code.code {
        case .ENOENT: "no such file or directory"
        case .EACCES, .EPERM: "permission denied"
        case .EISDIR: "it is a directory"
        case .ENOTDIR: "a part of its path is not a directory"
        case .ELOOP: "too many symbolic links"
        case .ENAMETOOLONG: "its name is too long"
        case .EMFILE, .ENFILE: "too many open files"
        case .EIO: "input/output error"
        default: "error \(code.code.rawValue) of the operating system"
        }
    }
}
