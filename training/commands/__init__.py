"""The commands of `econo-env`, one file each."""
