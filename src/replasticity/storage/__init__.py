"""Files: the netCDF contract, whole writing, digests of content, and where the files of a project are."""
