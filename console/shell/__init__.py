"""The Qt shell: main window, actions, dialogs."""
