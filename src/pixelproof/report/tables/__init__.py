"""What a page shows as files for other programs: CSV with the numbers themselves, and LaTeX for print."""
