import CLibUV
import Glibc

/// The memory of the program's own code and constants.
package enum StartupPages {
    /// Unmaps code and constants that were only needed to start.
    ///
    /// Reading the command line and the configuration touches most of the binary, which then stays mapped for the life of
    /// the process. What is needed again is mapped again from the kernel's cache when it is next run, page by page.
    package static func release() {
        unsafe dl_iterate_phdr(
            { object, _, _ in
                guard let object = unsafe object?.pointee, let headers = unsafe object.dlpi_phdr else { return 0 }
                for index in 0..<Int(unsafe object.dlpi_phnum) {
                    unsafe StartupPages.release(headers[index], at: object.dlpi_addr)
                }
                return 0
            },
            nil
        )
    }

    private static func release(_ segment: Elf64_Phdr, at base: Elf64_Addr) {
        let isWritable = segment.p_flags & UInt32(PF_W) != 0
        guard segment.p_type == UInt32(PT_LOAD), !isWritable else { return }
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let start = (base + segment.p_vaddr) & ~(page - 1)
        let end = base + segment.p_vaddr + segment.p_memsz
        // Safe: a segment that nobody can write has the file's bytes and no others, so that what is unmapped comes back.
        unsafe madvise(UnsafeMutableRawPointer(bitPattern: UInt(start)), Int(end - start), MADV_DONTNEED)
    }
}
