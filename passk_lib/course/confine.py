"""Starts a program with the operating system's own limits around it.  Runs as a script, on Linux.

Nothing of this package is imported here: the script is run by a bare interpreter, confines itself
and then becomes the program.  What it takes away, by kernel means alone:

- files: a new root that holds the interpreter, its packages and the library, all read-only, and one
  scratch folder in memory of limited size (mount namespace, chroot);
- network, other processes, shared memory (their namespaces; the program's processes all end with
  the first one);
- the user: another user id than the caller's, where the caller is root; no capabilities, no way to
  gain any (no_new_privs);
- processor time, address space, file size, open files, number of processes (rlimits).

Its argument is JSON: command, root (an empty folder), visible (paths), library (a folder, seen as
/library/passk_lib), environment, user (id or null), namespaces (bool), memory, seconds, scratch
(bytes), processes.  Ends with status 97 and a line on its standard output if it cannot confine.
"""

import ctypes
import json
import os
import resource
import signal
import sys

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 1, 24, 28, 38
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
SECURE_NOROOT = 0b1111  # root's id brings no capabilities, and this cannot be undone
FAILED = 97

libc = ctypes.CDLL(None, use_errno=True)


def call(what, *arguments):
    if getattr(libc, what)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags, options=None):
    text = [None if t is None else os.fsencode(t) for t in (source, target, kind, options)]
    call("mount", text[0], text[1], text[2], ctypes.c_ulong(flags), text[3])


def seal(path, attributes):
    """Set attributes on a mount and on all mounts below it."""
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    arguments = (SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), AT_RECURSIVE, wanted)
    call("syscall", *arguments, ctypes.sizeof(wanted))


def show(path, inside, attributes=ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV):
    """Make `path` visible, read-only, as `inside`."""
    if os.path.isdir(path):
        os.makedirs(inside, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(inside), exist_ok=True)
        os.close(os.open(inside, os.O_CREAT, 0o644))
    mount(path, inside, None, MS_BIND | MS_REC)
    seal(inside, attributes)


def enter_namespaces(user_namespace):
    flags = NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET
    user, group = os.getuid(), os.getgid()
    call("unshare", flags | (NEWUSER if user_namespace else 0))
    if user_namespace:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"),
                           ("gid_map", f"0 {group} 1")):  # fmt: skip
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def new_root(root, visible, library, scratch, user):
    """Build the new root in the folder `root` and go there."""
    for name in ("shmmax", "shmall"):  # of the new namespace: no shared memory that no limit counts
        try:
            with open(f"/proc/sys/kernel/{name}", "w") as file:
                file.write("0")
        except OSError:
            pass
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    for path in visible:
        if os.path.islink(path) and os.path.dirname(path) == "/":  # /bin -> usr/bin
            os.symlink(os.readlink(path), root + path)
        elif os.path.exists(path):
            show(os.path.realpath(path), root + path)
    for name in ("null", "zero", "urandom", "random"):
        show(f"/dev/{name}", f"{root}/dev/{name}", ATTR_NOSUID)
    show(library, f"{root}/library/passk_lib")
    os.mkdir(f"{root}/scratch")
    owner = "" if user is None else f",uid={user},gid={user}"
    size = f"size={scratch},nr_inodes=4096,mode=700{owner}"
    mount("tmpfs", f"{root}/scratch", "tmpfs", MS_NOSUID | MS_NODEV, size)
    flags = MS_REMOUNT | MS_RDONLY | MS_BIND | MS_NOSUID | MS_NODEV
    mount(None, root, None, flags)
    os.chroot(root)
    os.chdir("/scratch")
    os.symlink("/scratch", "/scratch/tmp")


def set_limits(settings):
    memory, seconds = settings["memory"], settings["seconds"]
    limits = {
        "RLIMIT_AS": memory, "RLIMIT_DATA": memory, "RLIMIT_FSIZE": settings["scratch"],
        "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 128, "RLIMIT_MEMLOCK": 0, "RLIMIT_MSGQUEUE": 0,
    }  # fmt: skip
    if settings["processes"]:
        limits["RLIMIT_NPROC"] = settings["processes"]
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, name, resource.RLIMIT_CORE), (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def drop_privileges(user):
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_SECUREBITS, SECURE_NOROOT, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def main():
    settings = json.loads(sys.argv[1])
    user = settings["user"]
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        if settings["namespaces"]:
            enter_namespaces(user_namespace=os.geteuid() != 0)
            child = os.fork()
            if child:
                os.close(0)
                os.close(1)
                status = os.waitpid(child, 0)[1]
                os._exit(os.waitstatus_to_exitcode(status) % 256)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            os.setsid()
            new_root(settings["root"], settings["visible"], settings["library"],
                     settings["scratch"], user)  # fmt: skip
        else:
            os.chdir(settings["root"])
        set_limits(settings)
        drop_privileges(user)
    except OSError as error:
        os.write(1, (str(error) + "\n").encode())
        os._exit(FAILED)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a change of user id clears it
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execve(settings["command"][0], settings["command"], settings["environment"])
    except OSError as error:
        os.write(1, (str(error) + "\n").encode())
        os._exit(FAILED)


if __name__ == "__main__":
    main()
