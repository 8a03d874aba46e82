"""Runs a command in a terminal of its own: COLUMNS ROWS [RESIZED_TO | -] COMMAND...; what it prints goes to stdout as it is.

Resized once, after the first 500 bytes. Ends with the command's exit status.
"""
import fcntl, os, pty, struct, sys, termios

columns, rows, resized = sys.argv[1:4]


def resize(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


begin, go = os.pipe()
child, fd = pty.fork()
if child == 0:
    os.read(begin, 1)
    os.execvp(sys.argv[4], sys.argv[4:])
resize(fd, columns)
os.write(go, b"!")
seen = 0
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    seen += len(chunk)
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    if resized != "-" and seen > 500:
        resize(fd, resized)
        resized = "-"
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
