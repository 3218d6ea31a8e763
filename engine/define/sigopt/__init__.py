"""An experiment of SigOpt's, in its file or in a script: to a study that runs the script."""
