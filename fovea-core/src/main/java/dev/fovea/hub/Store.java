package dev.fovea.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;

/** Where the files of one repository are kept, as the site's own tool keeps them. */
interface Store {
    /** All of the repository. */
    Path folder();

    /** The model directory of a commit, which may not be there yet. */
    Path snapshot(String commit);

    /** The commit that a revision was when it was asked for last. */
    Optional<String> commit(String revision) throws IOException;

    /** What is known of a commit's files without asking. */
    Optional<Listing> listing(String commit) throws IOException;

    /** Whether a file is there, whole, at its place in the snapshot. */
    boolean has(Listing listing, RepoFile file) throws IOException;

    /** Puts a file to its place whose bytes are here for another commit. @return whether they are */
    boolean reuse(Listing listing, RepoFile file) throws IOException;

    /** Where a file is while it comes. */
    Path partial(Listing listing, RepoFile file);

    /** What other programs lock while they fetch a file. */
    Path lock(Listing listing, RepoFile file);

    /** Moves a whole file to its place. */
    void place(Listing listing, RepoFile file, Path whole) throws IOException;

    /**
     * All that was wanted of a listing is there.
     *
     * @param revision that was asked for
     * @param absent files that were looked for, and that the repository does not have
     */
    void complete(Listing listing, String revision, Collection<String> absent) throws IOException;
}
