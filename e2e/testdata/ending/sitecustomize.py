"""End a Python program as soon as it is done.

The threads of rattler's runtime now and then crash while the interpreter takes
itself apart, after everything has been done. Python imports this module by
itself where it stands on PYTHONPATH; what it registers first runs last.
"""

import atexit
import os
import sys

status = 0


def failed(*error):
    global status
    status = 1
    sys.__excepthook__(*error)


def end():
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


sys.excepthook = failed
atexit.register(end)
