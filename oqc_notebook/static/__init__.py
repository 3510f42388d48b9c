"""What is shown of jobs: the facts (:mod:`.view`), and their HTML and text without a kernel."""
