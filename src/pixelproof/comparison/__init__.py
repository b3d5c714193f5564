"""Two models on the same images: is one better, by how much, and how sure is that?"""
