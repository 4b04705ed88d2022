package api

// Role gives each category of permissions a level. It is answered by the operations on roles and, without ID and
// Persistent, the body of those that make and change one.
type Role struct {
	// ID is the stable id of the role.
	ID string `json:"id,omitempty" maxLength:"100"`
	// Name matches ^[a-z][a-z0-9_-]*$ in at most 64 bytes. The name of a built-in role cannot be changed.
	Name string `json:"name" minLength:"1" maxLength:"64"`
	// Persistent roles are built in and cannot be deleted. It is not read.
	Persistent bool `json:"persistent" required:"false"`
	// Permissions maps a category, such as "channel.group", to its level. Answers name every category, with null for none;
	// in a request a category that is missing has none too.
	Permissions map[string]*Level `json:"permissions"`
}

// UserRef names a user to those who may know no more than that.
type UserRef struct {
	// ID is the stable id of the user.
	ID string `json:"id"`
	// Username is the name of the user.
	Username string `json:"username"`
}
