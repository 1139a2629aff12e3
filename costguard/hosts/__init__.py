"""GitHub and GitLab: the comment on a pull or merge request. Of the package, only this and `cloud` use the network."""
