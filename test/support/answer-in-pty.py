"""Runs a command in a terminal of 80 columns and types an answer at each of its prompts: ANSWERS (a line each) COMMAND...

What the terminal shows goes to stdout; ends with the command's exit status.
"""
import fcntl, os, pty, struct, sys, termios

answers = sys.argv[1].split("\n")
begin, go = os.pipe()
child, fd = pty.fork()
if child == 0:
    os.read(begin, 1)
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
os.write(go, b"!")
prompts = 0
shown = b""
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
    while shown.count(b"> ") > prompts and answers:
        prompts += 1
        os.write(fd, answers.pop(0).encode() + b"\r")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
