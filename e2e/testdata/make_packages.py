"""Make packages with tools of the conda ecosystem.

Standard input is a JSON object: "root" is a folder for them, "depends" what
they depend on. Standard output lists the files that were made.
"""

import datetime
import hashlib
import io
import json
import pathlib
import sys
import tarfile

from conda_package_streaming.create import conda_builder
from rattler_build import assemble_package

request = json.load(sys.stdin)
root = pathlib.Path(request["root"])

BUILT = 1700000000000  # milliseconds


def assembled():
    files = root / "files"
    (files / "share" / "assembled").mkdir(parents=True)
    (files / "share" / "assembled" / "hello.txt").write_text("made by rattler-build\n")
    made = assemble_package(
        "assembled", "1.2.3", "noarch", "h5ca1ab1e_0", root / "made", files_dir=files, noarch="generic",
        license="MIT", summary="A package made by rattler-build", depends=request["depends"], compression_threads=1,
        timestamp=datetime.datetime.fromtimestamp(BUILT / 1000, datetime.timezone.utc),
    )
    return pathlib.Path(made.path), "assembled", "noarch"


def streamed():
    content = b"made by conda-package-streaming\n"
    index = {
        "name": "streamed", "version": "0.1", "build": "0", "build_number": 0, "subdir": "linux-64", "arch": "x86_64",
        "platform": "linux", "license": "BSD-3-Clause", "timestamp": BUILT,
        "depends": ["assembled >=1.2", *request["depends"]],
    }
    listed = {
        "_path": "share/streamed.txt", "path_type": "hardlink",
        "sha256": hashlib.sha256(content).hexdigest(), "size_in_bytes": len(content),
    }
    members = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": [listed], "paths_version": 1}).encode(),
        "info/files": b"share/streamed.txt\n",
        "share/streamed.txt": content,
    }
    stem = "streamed-0.1-0"
    with conda_builder(stem, root / "made") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return root / "made" / f"{stem}.conda", "streamed", "linux-64"


answer = []
for path, name, subdir in (assembled(), streamed()):
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    answer.append({"path": str(path), "name": name, "subdir": subdir, "sha256": sha256, "timestamp": BUILT})
json.dump(answer, sys.stdout)
