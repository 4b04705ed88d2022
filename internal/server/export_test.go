package server

import "kingsnake/internal/server/apihttp"

// Operations lists what the REST API declares, for tests that walk it.
func (s *Server) Operations() []apihttp.Operation { return s.api.Operations() }
