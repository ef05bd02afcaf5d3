"""The application: settings, the library of journeys, runs over all users, the command line."""
