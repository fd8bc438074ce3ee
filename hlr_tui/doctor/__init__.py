"""What of this machine works for us: each check looks, changes nothing, and says what to do about what fails."""
