"""Index a channel with conda-index, and read index files as Python clients do.

Standard input is a JSON object: "shim" is the folder of the stand-in for conda,
"theirs" a channel of package files that conda-index shall index, "ours" the
same channel with index files. Standard output is both as one JSON document.
"""

import json
import os
import sys

import msgpack

from backports import zstd

sys.dont_write_bytecode = True  # not into the source tree
request = json.load(sys.stdin)
sys.path.insert(0, request["shim"])

from conda_index.index import ChannelIndex  # noqa: E402


def text(value):
    """Make hashes printable in a way that shows that they were bytes."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {key: text(v) for key, v in value.items()}
    if isinstance(value, list):
        return [text(v) for v in value]
    return value


def unpack(path):
    with open(path, "rb") as f:
        return msgpack.unpackb(zstd.decompress(f.read()))


def load(path):
    with open(path) as f:
        return json.load(f)


def channel(root):
    doc = {"channeldata": load(f"{root}/channeldata.json"), "subdirs": {}}
    for subdir in sorted(os.listdir(root)):
        folder = f"{root}/{subdir}"
        if not os.path.isdir(folder):
            continue
        index = unpack(f"{folder}/repodata_shards.msgpack.zst")
        shards = {}
        for name, digest in index.pop("shards").items():
            assert isinstance(digest, bytes) and len(digest) == 32, digest
            path = os.path.join(folder, index["info"]["shards_base_url"], digest.hex() + ".msgpack.zst")
            shards[name] = text(unpack(path))
        doc["subdirs"][subdir] = {
            "repodata": load(f"{folder}/repodata.json"),
            "run_exports": load(f"{folder}/run_exports.json"),
            "index": index,
            "shards": shards,
        }
    return doc


indexer = ChannelIndex(
    request["theirs"],
    None,
    threads=1,
    write_current_repodata=False,
    write_run_exports=True,
    write_shards=True,
)
indexer.index(patch_generator=None)
indexer.update_channeldata()
json.dump({"theirs": channel(request["theirs"]), "ours": channel(request["ours"])}, sys.stdout)
