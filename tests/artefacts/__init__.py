"""What is made for a tool, checked with that tool: the collection, the event document, the dashboard, the wheel."""
