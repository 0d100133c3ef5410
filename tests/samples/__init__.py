"""Every sample application, over every one of our server classes."""
