"""Pictures from outside, looked at before they are used; begin with `attachable`.

`file_header` reads the type and the size out of a file's content, `attachable` makes a
`core.picture.Picture` of one that a model can be shown, and `picture_file` reads it from the disk.
"""
