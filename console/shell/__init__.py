"""The Qt shell: main window, actions, dialogs, and the glue between link, history, presenters and widgets."""
