package dev.fovea.serve;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import java.util.Optional;
import java.util.concurrent.ExecutorService;

/** A client's connection as Helidon has it, which also knows whether the client is still there and takes what it is sent. */
final class ClientConnection implements ConnectionContext {
    /** That of the request which this thread handles. */
    static final ScopedValue<ClientConnection> CURRENT = ScopedValue.newInstance();

    private final ConnectionContext connection;
    private final ClientInput input;
    private final DataReader reader;
    private final DataWriter writer;
    private volatile long writingSince;

    ClientConnection(ConnectionContext connection) {
        this.connection = connection;
        this.input = new ClientInput(connection.serverSocket());
        this.reader = DataReader.create(input);
        this.writer = new TimedWriter(connection.dataWriter());
    }

    ClientInput input() {
        return input;
    }

    /** Cuts the connection of a client that has not taken what it is sent for so long. */
    void cutIfStalled(long now, long nanos) {
        long since = writingSince;
        if (since != 0 && now - since > nanos) {
            connection.serverSocket().close();
        }
    }

    @Override
    public DataReader dataReader() {
        return reader;
    }

    @Override
    public DataWriter dataWriter() {
        return writer;
    }

    @Override
    public ListenerContext listenerContext() {
        return connection.listenerContext();
    }

    @Override
    public ExecutorService executor() {
        return connection.executor();
    }

    @Override
    public Router router() {
        return connection.router();
    }

    @Override
    public Optional<ProxyProtocolData> proxyProtocolData() {
        return connection.proxyProtocolData();
    }

    @Override
    public HelidonSocket serverSocket() {
        return connection.serverSocket();
    }

    @Override
    public PeerInfo remotePeer() {
        return connection.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
        return connection.localPeer();
    }

    @Override
    public boolean isSecure() {
        return connection.isSecure();
    }

    @Override
    public String socketId() {
        return connection.socketId();
    }

    @Override
    public String childSocketId() {
        return connection.childSocketId();
    }

    /** Notes when a write begins: a plain socket's has no timeout. */
    private final class TimedWriter implements DataWriter {
        private final DataWriter writer;

        TimedWriter(DataWriter writer) {
            this.writer = writer;
        }

        private void timed(Runnable write) {
            writingSince = Math.max(1, System.nanoTime());
            try {
                write.run();
            } finally {
                writingSince = 0;
            }
        }

        @Override
        public void write(BufferData... buffers) {
            timed(() -> writer.write(buffers));
        }

        @Override
        public void write(BufferData buffer) {
            timed(() -> writer.write(buffer));
        }

        @Override
        public void writeNow(BufferData... buffers) {
            timed(() -> writer.writeNow(buffers));
        }

        @Override
        public void writeNow(BufferData buffer) {
            timed(() -> writer.writeNow(buffer));
        }

        @Override
        public void flush() {
            timed(writer::flush);
        }

        @Override
        public void close() {
            writer.close();
        }
    }
}
