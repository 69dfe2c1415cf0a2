// Stands for a package that is never asked anything (build.js).

export class LinkifyIt {}
export default LinkifyIt;
