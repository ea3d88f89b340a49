// What glibc has and Swift's Glibc module leaves out, because that is built without _GNU_SOURCE. Pointers are void, so
// that no header is needed here: one that two modules include would be hidden from Swift in both.
#ifndef HERALD_TESTS_LINUX_H
#define HERALD_TESTS_LINUX_H

/// For unshare and setns: the network namespace.
static const int newNetworkNamespace = 0x40000000;

int unshare(int flags);
int setns(int descriptor, int kind);
int accept4(int descriptor, void *address, unsigned *length, int flags);
int posix_spawn_file_actions_addclosefrom_np(void *actions, int first);

#endif
