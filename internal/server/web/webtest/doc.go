// Package webtest helps tests of the pages: a browser without JavaScript that keeps cookies and fills in forms, and
// selectors to look into the HTML that comes back. Whatever a flow needs works here, or it needs JavaScript.
package webtest
