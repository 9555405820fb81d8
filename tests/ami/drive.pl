# One AMI action by Telephony::Asterisk::AMI: drive.pl HOST USER NAME=VALUE...
#
# Prints the messages of the answer, a field a line, and an empty line after each. The password is the
# user's name.
use strict;
use warnings;
use Telephony::Asterisk::AMI ();

my ($host, $user, @fields) = @ARGV;
$SIG{ALRM} = sub { die "no answer in time\n" };
alarm 8;
my $ami = Telephony::Asterisk::AMI->new(Host => $host, Username => $user, Secret => $user);
$ami->connect or die $ami->error;
my $answer = $ami->action({ map { split /=/, $_, 2 } @fields });
show($answer);
my $id = $answer->{ActionID};
while (($answer->{EventList} // '') =~ /^start$/i or ($answer->{EventList} // '') eq 'going on') {
    my $event = $ami->read_response;
    die $ami->error if ($event->{Response} // '') eq 'Error';
    next if ($event->{ActionID} // '') ne $id;
    show($event);
    $answer = { EventList => $event->{EventList} // 'going on' };
}
$ami->disconnect or die $ami->error;

sub show {
    my ($message) = @_;
    for my $name (sort keys %$message) {
        my $values = $message->{$name};
        print "$name: $_\n" for ref $values ? @$values : $values;
    }
    print "\n";
}
