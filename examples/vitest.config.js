/** The examples are a project of their own, as that of a user is: nothing of dps-rig's own settings. */
export default {};
