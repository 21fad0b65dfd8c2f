"""Studies: experiments with learners whose answers are known, `econo-env study NAME`; one file each."""
