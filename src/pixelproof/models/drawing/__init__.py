"""The structure of a network: blocks and links, read off it and drawn."""
