"""Runs a command in a terminal of its own: COLUMNS ROWS [RESIZED_TO | -] ANSWERS COMMAND...; what it prints goes to stdout as it is.

Resized once, after the first 500 bytes. Of the ANSWERS, a line each, one is typed at each prompt. Ends with the command's exit status.
"""
import fcntl, os, pty, struct, sys, termios

columns, rows, resized, answers = sys.argv[1:5]
answers = answers.split("\n") if answers else []


def resize(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


begin, go = os.pipe()
child, fd = pty.fork()
if child == 0:
    os.read(begin, 1)
    os.execvp(sys.argv[5], sys.argv[5:])
resize(fd, columns)
os.write(go, b"!")
shown = b""
prompts = 0
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    shown += chunk
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    if resized != "-" and len(shown) > 500:
        resize(fd, resized)
        resized = "-"
    while answers and shown.count(b"> ") > prompts:
        prompts += 1
        os.write(fd, answers.pop(0).encode() + b"\r")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
