package server

import (
	"kingsnake/internal/server/apihttp"
	"kingsnake/internal/server/binstarhttp"
)

// Operations lists what the REST API declares, for tests that walk it.
func (s *Server) Operations() []apihttp.Operation { return s.api.Operations() }

// BinstarOperations lists what the protocol of anaconda.org declares.
func (s *Server) BinstarOperations() []binstarhttp.Operation { return s.binstar.Operations() }
