// Package browser tests the pages in Chromium: what people do there step by step, whether axe-core finds anything that
// keeps somebody out, and what each page looks like (make screenshots). It holds nothing but tests.
//
// Every flow, who walks it, and the test that does. TestWhoMayOpenWhat has an outsider and somebody who has not signed in
// try the pages of all of them: the one is told that there is no such page, the other is asked to sign in.
//
//	sign in, wrong and right, and sign out                      admin, author, signed out           TestSignIn
//	too many wrong passwords                                    author                              TestTooManyPasswords
//	a password that the site made, then the first steps         admin                               TestFirstVisit
//	change the own password                                     admin, author                       TestChangePassword
//	sign in at an OpenID Connect provider                       newcomer                            TestOpenIDConnect
//	a session ends while a form is filled in                    author                              TestFormSurvivesInTheBrowser
//	resource token: generate, use, edit, issue new, delete      admin, author                       TestResourceToken
//	scope token: generate, use, issue new, delete               admin, author                       TestScopeToken
//	narrow a token                                              author                              TestNarrowToken
//	tokens of others                                            author, outsider                    TestTokensOfOthers
//	find a channel while typing                                 author                              TestTypeAhead
//	channel: create, all tabs, delete                           admin, author                       TestChannel
//	upload by choosing and by dropping, with progress           admin, author                       TestUploads
//	delete a channel with what is in it                         author                              TestDeletingAChannel
//	packages: search, pages, copy, move, delete                 admin, author, outsider             TestPackages
//	edit the metadata of a file, and take the edit back         author                              TestEditMetadataInABrowser
//	group: members, a right on a channel, which then works      admin, author, outsider             TestGroup
//	user: create, disable, reset password, delete               admin, newcomer                     TestUser
//	delete a user whose tokens a service account takes over     admin                               TestHandOver
//	role: the grid, give it, take it away                       admin, author                       TestRole
//	audit: filter, export, sign and verify the chain            admin                               TestAudit
//	settings of the site                                        admin, author                       TestSettings
//	system: health and jobs                                     admin                               TestSystem
//	check access of a person                                    author                              TestCheckAccessInABrowser
//	check access of a token that is pasted                      admin, author                       TestCheckAccessOfAToken
//	every page: who may open it                                 admin, author, outsider, signed out TestWhoMayOpenWhat
//	all that is essential, without scripts                      author                              TestWithoutScripts
//	sign in, a token, the menu, by keyboard, with visible focus author                              TestKeyboard
//	nothing moves for who does not want it                      admin                               TestReducedMotion
//	every page and state: axe-core, light, dark, 360 px wide    admin, author, signed out           TestEveryPage
//	pictures of pages are whole                                 admin                               TestPicturesShowTheHeaderAtTheTop
//	the pictures of the README, and make pictures               author                              TestPicturesOfTheREADME
//	axe-core finds what is planted                              signed out                          TestViolationsAreFound
//	no page breaks the content policy or fails a script         all, in every test                  TestComplaintsAreHeard
package browser
