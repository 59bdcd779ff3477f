// The version of the Dockerfile that ci-fleet writes around `image.packages`. It goes into the image's tag,
// so that hosts rebuild when the recipe changes: raise it with every change of what that Dockerfile does.
// In: nothing. Out: the number.

export const PACKAGE_RECIPE = 1;
