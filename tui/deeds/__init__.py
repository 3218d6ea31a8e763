"""What keys do on the screens of an open study: objects that a screen holds."""
