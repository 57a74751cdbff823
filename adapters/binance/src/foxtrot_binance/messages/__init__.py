"""The venue's JSON as typed structs; each shows a payload as the venue sends it. Unknown fields are tolerated."""
