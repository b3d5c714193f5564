"""What leaves the laboratory: maps, exports, serving."""
