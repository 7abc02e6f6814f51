/** Styles of views whose code is loaded later. */
declare module '*.css';
