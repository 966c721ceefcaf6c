/* For pages that show images and have no script of their own that enlarges them. */

import { enlargeImages } from "./enlarge.js";

enlargeImages();
