"""Upload package files with the clients of other servers.

Standard input is a JSON object: "client" names the client, "url" is the server,
"channel" the channel, "files" are paths, "token" is the token. Nothing is
answered; what a refusal looks like to the user goes to standard error.
"""

import json
import sys
from pathlib import Path

request = json.load(sys.stdin)
url, channel, files, token = request["url"], request["channel"], request["files"], request["token"]

if request["client"] == "quetz-client":
    from quetz_client.client import QuetzClient

    client = QuetzClient.from_token(url, token)
    for file in files:
        client.post_file_to_channel(channel, Path(file), force=request["force"])
else:
    import rattler_build

    if request["client"] == "quetz":
        rattler_build.upload_package_to_quetz(files, url, channel, api_key=token)
    elif request["client"] == "prefix":
        rattler_build.upload_package_to_prefix(
            files, url, channel, api_key=token, force=request["force"], skip_existing=request["skip"]
        )
    elif request["client"] == "artifactory":
        rattler_build.upload_package_to_artifactory(files, url, channel, token=token)
    elif request["client"] == "anaconda":
        rattler_build.upload_package_to_anaconda(files, channel, url=url, api_key=token, force=request["force"])
    else:
        sys.exit(f"no client {request['client']}")
