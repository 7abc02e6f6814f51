/** Names of users: printable ASCII without spaces, commas and quotes, as headers, addresses of mail and most directories have them. */
import { USER_NAME_CHARS_MAX } from '../limits.ts';

export const USER_NAME = new RegExp(`^(?:(?![,"])[!-~]){1,${USER_NAME_CHARS_MAX}}$`);
