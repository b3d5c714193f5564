"""One script for each claim of speed: ours and the peers' side by side, on the same work, interleaved."""
