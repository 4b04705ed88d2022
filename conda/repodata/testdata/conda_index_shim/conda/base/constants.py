"""The subdirs in which conda-index looks for packages."""

PLATFORM_DIRECTORIES = ("noarch", "linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
