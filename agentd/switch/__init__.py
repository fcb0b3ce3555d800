"""The FreeSWITCH wire: event socket, audio fork, playback commands."""
